package main

import (
	"runtime"

	"github.com/spf13/cobra"

	"github.com/contactmerge/contactmerge/internal/cluster"
	"github.com/contactmerge/contactmerge/pipeline/normalize"
)

func newVersion(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version and what it was built with",
		Long:    "version prints the version of contactmerge and of Go, the platform, and the numbers of the normalization rules and of the plan format.",
		Example: "  contactmerge version",
		Args:    noArgs,
		RunE: func(*cobra.Command, []string) error {
			a.printf("contactmerge %s %s %s/%s\nnormalization rules %d, plan format %d\n",
				version, runtime.Version(), runtime.GOOS, runtime.GOARCH, normalize.Version, cluster.PlanFormat)
			return nil
		},
	}
}
