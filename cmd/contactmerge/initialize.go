package main

import "github.com/spf13/cobra"

func newInit(*app) *cobra.Command { return &cobra.Command{Use: "init", Hidden: true} }
