package main

import "github.com/spf13/cobra"

func newDoctor(a *app) *cobra.Command { return &cobra.Command{Use: "doctor", Hidden: true} }
func newInit(a *app) *cobra.Command   { return &cobra.Command{Use: "init", Hidden: true} }
