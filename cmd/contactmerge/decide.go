package main

import (
	"context"
	"errors"
	"fmt"
	"os/user"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/contactmerge/contactmerge/internal/config"
	"github.com/contactmerge/contactmerge/sinks/postgres"
)

// answerFlags are what every verb that answers a question has.
type answerFlags struct {
	in       inputFlags
	by       string
	as       string
	why      string
	version  string
	members  []string
	override []string
	revoke   bool
}

func (f *answerFlags) register(cmd *cobra.Command) {
	fl := cmd.Flags()
	f.in.registerConfigured(cmd)
	fl.StringVar(&f.by, "by", "", "who answers (default: the user of the operating system)")
	fl.StringVar(&f.why, "why", "", "why, for those who read the log later")
}

// registerOne makes the flags of the verbs that answer one question.
func (f *answerFlags) registerOne(cmd *cobra.Command) {
	f.register(cmd)
	fl := cmd.Flags()
	fl.StringSliceVar(&f.members, "members", nil, "ids of the contacts that are meant (default: all of the cluster)")
	fl.StringVar(&f.version, "version", "", "first characters of the version that was looked at; the answer is refused if it is another one now")
}

// who is the person at work: the one named with --by, or the user of the operating system.
func who(by string) (string, error) {
	if by != "" {
		return by, nil
	}
	u, err := user.Current()
	if err != nil || u.Username == "" {
		return "", usagef("the user of the operating system has no name: say who you are with --by")
	}
	return u.Username, nil
}

// pairs reads the pairs named with --override-veto, as A,B one after the other.
func (f *answerFlags) pairs() ([][2]string, error) {
	var out [][2]string
	for _, v := range f.override {
		a, b, ok := strings.Cut(v, ",")
		a, b = strings.TrimSpace(a), strings.TrimSpace(b)
		if !ok || a == "" || b == "" || a == b || strings.Contains(b, ",") {
			return nil, usagef("--override-veto %q is not a pair of contact ids such as 12,17", v)
		}
		out = append(out, [2]string{a, b})
	}
	return out, nil
}

// ask is an answer as a person gives it.
type ask struct {
	where    string // of a line of a file, "" for the command line
	cluster  string // id, or its first characters
	version  string // likewise, "" for that of the last run
	decision string // merge_all and merge_selected mean the same: what members says
	members  []string
	by, as   string
	why      string
	override [][2]string
	revoke   bool
}

// asked makes the questions of a verb's command line.
func (f *answerFlags) asked(verb, decision string, clusters []string) ([]ask, error) {
	if err := f.in.needed(verb); err != nil {
		return nil, err
	}
	switch {
	case len(clusters) == 0 && len(f.members) == 0:
		return nil, usagef("which cluster? give the first characters of its id, or contacts with --members")
	case len(clusters) > 1 && len(f.members) > 0:
		return nil, usagef("--members are contacts of one cluster: give one, or none")
	case len(clusters) > 1 && f.version != "":
		return nil, usagef("--version is that of one cluster: give one")
	case f.as != "" && f.as != postgres.AsSupervisor:
		return nil, usagef("--as %q: there is only %s", f.as, postgres.AsSupervisor)
	}
	by, err := who(f.by)
	if err != nil {
		return nil, err
	}
	pairs, err := f.pairs()
	if err != nil {
		return nil, err
	}
	if len(clusters) == 0 {
		clusters = []string{""}
	}
	var out []ask
	for _, id := range clusters {
		out = append(out, ask{
			cluster: id, version: f.version, decision: decision, members: f.members, by: by, as: f.as, why: f.why, override: pairs, revoke: f.revoke,
		})
	}
	return out, nil
}

// answer gives the answers, all or none, and says what came of them.
func (a *app) answer(ctx context.Context, in *inputFlags, asks []ask) error {
	c, err := in.load()
	if err != nil {
		return err
	}
	d, err := a.connect(ctx, in, c, writes)
	if err != nil {
		return err
	}
	defer d.store.Close()
	answers, done, failed, err := a.give(ctx, d, c, asks, false)
	if err != nil {
		return err
	}
	for i := range asks { // the first failure is the one to look at
		if failed[i] != nil {
			return failed[i]
		}
	}
	for i := range answers {
		a.sayAnswered(&answers[i], &done[i])
	}
	if slices.ContainsFunc(done, func(x postgres.Answered) bool { return x.State == postgres.ApprovalApproved }) {
		a.printf("next      contactmerge apply --config %s --approved\n", in.configPath)
	}
	return nil
}

// give looks the questions up, prepares what is merged, and stores the answers. Failures that concern one answer are returned by its index.
func (a *app) give(ctx context.Context, d *database, c *config.Config, asks []ask, partial bool) ([]postgres.Answer, []postgres.Answered, map[int]error, error) {
	answers, failed := make([]postgres.Answer, len(asks)), map[int]error{}
	questions := make([]*postgres.Question, len(asks))
	for i := range asks {
		q, err := d.question(ctx, &asks[i])
		if err == nil {
			questions[i] = q
			answers[i], err = answerTo(q, &asks[i])
		}
		switch {
		case err == nil:
			answers[i].TwoPeople = c.Approve.TwoPersonAbove > 0 && len(answers[i].Contacts) > c.Approve.TwoPersonAbove
		case postgres.AboutQuestion(err), errors.As(err, new(usageError)):
			failed[i] = err
		default:
			return nil, nil, nil, outdated(err)
		}
	}
	if err := (&preparing{d, c, questions, answers, failed}).steps(ctx); err != nil {
		return nil, nil, nil, err
	}
	if len(failed) > 0 && !partial {
		return answers, nil, failed, nil
	}
	var good []postgres.Answer
	var at []int
	for i := range answers {
		if failed[i] == nil {
			good, at = append(good, answers[i]), append(at, i)
		}
	}
	stored, refused, err := d.store.Answer(ctx, good, partial)
	if err != nil {
		return nil, nil, nil, outdated(err)
	}
	done := make([]postgres.Answered, len(asks))
	for k, i := range at {
		done[i] = stored[k]
		if refused[k] != nil {
			failed[i] = refused[k]
		}
	}
	return answers, done, failed, nil
}

// outdated says what to do about tables of an older version.
func outdated(err error) error {
	if postgres.Outdated(err) {
		return fmt.Errorf("our schema is older than this program: run `contactmerge run --config …` first (%w)", err)
	}
	return err
}

// question finds what an answer is about.
func (d *database) question(ctx context.Context, x *ask) (*postgres.Question, error) {
	x.members = slices.Compact(slices.Sorted(slices.Values(x.members)))
	if len(x.members) == 1 {
		return nil, usagef("an answer is about two contacts or more, and no contact is another than itself")
	}
	if x.cluster != "" {
		q, err := d.store.Question(ctx, x.cluster)
		var none *postgres.NoQuestionError
		if err == nil || !errors.As(err, &none) || len(x.members) < 2 {
			return q, err
		}
	}
	q, err := d.store.QuestionOf(ctx, x.members)
	if err == nil && x.cluster != "" && !strings.HasPrefix(q.Cluster, x.cluster) {
		// A file names the pair by the id that it had; another cluster now means that something changed.
		return d.store.Question(ctx, x.cluster)
	}
	return q, err
}

// answerTo is the answer to a question.
func answerTo(q *postgres.Question, x *ask) (postgres.Answer, error) {
	ids := x.members
	if len(ids) == 0 {
		ids = slices.Sorted(slices.Values(q.IDs()))
	}
	members, strangers := q.Only(ids)
	if len(strangers) > 0 {
		return postgres.Answer{}, usagef("contact %s is not in cluster %.12s of the last run", strings.Join(strangers, ", "), q.Cluster)
	}
	out := postgres.Answer{Decision: postgres.Decision{
		Decision: x.decision, Contacts: ids, Cluster: q.Cluster, Version: q.Version, Run: q.Run, By: x.by, As: x.as, Why: x.why, Overridden: x.override,
	}, Revoke: x.revoke}
	switch {
	case x.decision == postgres.MergeAll && len(ids) < len(q.Members) && x.where != "":
		return out, usagef("merge_all names only some of the members: say merge_selected")
	case x.decision == postgres.MergeAll && len(ids) < len(q.Members):
		out.Decision.Decision = postgres.MergeSelected
	}
	if !strings.HasPrefix(q.Version, x.version) {
		out.Version = x.version // which is compared again when the answer is stored, and found to be another
	}
	for _, m := range members {
		out.Fingerprints = append(out.Fingerprints, m.Evidence)
	}
	return out, nil
}

// sayAnswered tells what was stored, in ids.
func (a *app) sayAnswered(x *postgres.Answer, done *postgres.Answered) {
	verb := map[string]string{postgres.MergeAll: "approved", postgres.MergeSelected: "approved", postgres.DoNotMerge: "rejected", postgres.Defer: "deferred"}[x.Decision.Decision]
	a.printf("%-9s cluster %s: contacts %s", verb, short(x.Cluster), strings.Join(x.Contacts, ", "))
	if done.Approval != 0 {
		a.printf(" into %s, %s changed (approval %d)", x.Step.Survivor, many(len(x.Step.Changes), "field"), done.Approval)
	}
	a.printf("\n")
	switch {
	case done.State == postgres.ApprovalPlanned:
		a.printf("waits     for a second person: %d contacts are above approve.two_person_above\n", len(x.Contacts))
	case done.Revoked != 0:
		a.printf("revoked   approval %d\n", done.Revoked)
	}
}
