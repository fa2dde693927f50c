package main

import (
	"github.com/spf13/cobra"

	"github.com/contactmerge/contactmerge/sinks/postgres"
)

func newApprove(a *app) *cobra.Command {
	var f answerFlags
	cmd := &cobra.Command{
		Use:   "approve --config FILE CLUSTER...",
		Short: "Say that the contacts of a cluster are one person; apply then merges them",
		Long: `approve answers questions that the last run left: the contacts of the cluster, or those named with --members, are one person.
CLUSTER is the first characters of a cluster's id, as the report and the table current_clusters have it. Nothing is merged yet: apply
does that. The answer is bound to what the contacts hold at this moment; when one of them changes before it is applied, or the cluster
gains or loses one, it is void and the question is asked again.

A question for a supervisor needs --as supervisor. Contacts that rule each other out, by two logins for instance, or because somebody said that
they are two people, are merged only if every such pair is named with --override-veto; the log keeps it. Above approve.two_person_above
contacts a second person must approve, too.`,
		Example: `  contactmerge approve --config contactmerge.yaml 3f9a1c
  contactmerge approve --config contactmerge.yaml 3f9a1c --members 17,4711 --why "called her"
  contactmerge approve --config contactmerge.yaml 88d0e2 --as supervisor --override-veto 17,4711`,
		RunE: func(cmd *cobra.Command, args []string) error {
			asks, err := f.asked(cmd.Name(), postgres.MergeAll, args)
			if err != nil {
				return err
			}
			return a.answer(cmd.Context(), &f.in, asks)
		},
	}
	f.registerOne(cmd)
	fl := cmd.Flags()
	fl.StringVar(&f.as, "as", "", "supervisor: answer a question that only a supervisor may answer")
	fl.StringArrayVar(&f.override, "override-veto", nil, "A,B: merge these two although they rule each other out (may be repeated)")
	return cmd
}

func newReject(a *app) *cobra.Command {
	var f answerFlags
	cmd := &cobra.Command{
		Use:   "reject --config FILE CLUSTER...",
		Short: "Say that the contacts of a cluster are different people; they are not asked about again",
		Long: `reject answers questions that the last run left: every two contacts of the cluster, or of those named with --members, are two people.
They are kept apart from now on, also after one of them was merged with a third, until what they say of themselves changes: names, birthdate,
gender, company, address or identities. Then the question is asked again.`,
		Example: `  contactmerge reject --config contactmerge.yaml 3f9a1c --why "mother and daughter"
  contactmerge reject --config contactmerge.yaml 3f9a1c --members 17,4711`,
		RunE: func(cmd *cobra.Command, args []string) error {
			asks, err := f.asked(cmd.Name(), postgres.DoNotMerge, args)
			if err != nil {
				return err
			}
			return a.answer(cmd.Context(), &f.in, asks)
		},
	}
	f.registerOne(cmd)
	cmd.Flags().BoolVar(&f.revoke, "revoke", false, "take back an approval that says otherwise and was not applied yet")
	return cmd
}

func newDefer(a *app) *cobra.Command {
	var f answerFlags
	cmd := &cobra.Command{
		Use:   "defer --config FILE CLUSTER...",
		Short: "Leave a question open, and note who looked at it and why",
		Long: `defer notes that somebody looked at a question of the last run and could not answer it. It stays open, and any answer may follow. With
--revoke it takes back an approval that was not applied yet.`,
		Example: `  contactmerge defer --config contactmerge.yaml 3f9a1c --why "waiting for the customer's answer"
  contactmerge defer --config contactmerge.yaml 3f9a1c --revoke`,
		RunE: func(cmd *cobra.Command, args []string) error {
			asks, err := f.asked(cmd.Name(), postgres.Defer, args)
			if err != nil {
				return err
			}
			return a.answer(cmd.Context(), &f.in, asks)
		},
	}
	f.registerOne(cmd)
	cmd.Flags().BoolVar(&f.revoke, "revoke", false, "take back an approval that was not applied yet")
	return cmd
}
