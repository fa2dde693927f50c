package normalize

// looksLikePhone reports whether s is nothing but a phone number: seven or more digits and the marks between them.
func looksLikePhone(s string) bool {
	digits := 0
	for _, r := range s {
		switch {
		case r >= '0' && r <= '9':
			digits++
		case r == '+' || r == '-' || r == '.' || r == '/' || r == '(' || r == ')' || r == ' ':
		default:
			return false
		}
	}
	return digits >= 7 && digits <= 20
}
