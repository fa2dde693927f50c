package merge

// MergingSetting is "on" inside every transaction of ours, and unset in all others, so that a trigger of the application can tell a merge
// from a person's change: current_setting('contactmerge.merging', true) = 'on'.
const MergingSetting = "contactmerge.merging"
