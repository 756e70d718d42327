package zerotouch

import (
	"fmt"
	"strconv"
	"strings"

	"asapi/tasks"
)

// digits drops the separators that people write into numbers.
func digits(s string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(" \t\u00a0-./_", r) {
			return -1
		}
		return r
	}, s)
}

// parseIMEI reads an IMEI: 15 digits, the last of which is their Luhn check digit
// (3GPP TS 23.003 annex B). The empty string stays empty.
func parseIMEI(s string) (string, *tasks.Error) {
	n := digits(s)
	switch {
	case n == "":
		return "", blank(s, InvalidIMEI, "An IMEI")
	case len(n) != 15 || !decimal(n):
		return "", invalid(InvalidIMEI, "", "An IMEI has 15 digits, the check digit among them; %q has not.", tasks.Clip(s, 40))
	case checkDigit(n[:14], 10) != value(n[14]):
		return "", invalid(InvalidIMEI, "", "The check digit of the IMEI %s is wrong: one of its digits was misread.", n)
	}
	return n, nil
}

// parseMEID reads a MEID (3GPP2 S.R0048): 14 hexadecimal digits, or 15 with the
// check digit, or the decimal form of 18 digits, of which the first ten are the
// first eight hexadecimal ones and the other eight the last six. The empty string
// stays empty.
func parseMEID(s string) (string, *tasks.Error) {
	n := strings.ToUpper(digits(s))
	bad := func(why string) (string, *tasks.Error) {
		return "", invalid(InvalidMEID, "", "A MEID has 14 hexadecimal digits, or 18 decimal ones; %s", why)
	}
	switch {
	case n == "":
		return "", blank(s, InvalidMEID, "A MEID")
	case len(n) == 18 && decimal(n):
		high, _ := strconv.ParseUint(n[:10], 10, 64)
		low, _ := strconv.ParseUint(n[10:], 10, 64)
		if high > 0xFFFFFFFF || low > 0xFFFFFF {
			return bad(fmt.Sprintf("%s is the decimal form of none.", n))
		}
		return fmt.Sprintf("%08X%06X", high, low), nil
	case (len(n) == 11 && decimal(n)) || (len(n) == 8 && hexadecimal(n)):
		return bad(fmt.Sprintf("%s is a (pseudo) ESN, which several devices can have.", n))
	case (len(n) != 14 && len(n) != 15) || !hexadecimal(n):
		return bad(fmt.Sprintf("%q has not.", tasks.Clip(s, 40)))
	}
	if len(n) == 15 {
		base := 16
		if decimal(n[:14]) {
			base = 10
		}
		if checkDigit(n[:14], base) != value(n[14]) {
			return bad("the check digit of " + n + " is wrong.")
		}
	}
	return n[:14], nil
}

// blank is the fault of a value that has nothing but separators.
func blank(s string, reason Reason, what string) *tasks.Error {
	if s == "" {
		return nil
	}
	return invalid(reason, "", "%s has digits; %q has none.", what, tasks.Clip(s, 40))
}

// checkDigit gives the Luhn check digit of digits of a base.
func checkDigit(digits string, base int) int {
	sum := 0
	for i := range len(digits) {
		d := value(digits[len(digits)-1-i])
		if i%2 == 0 {
			d *= 2
			d = d/base + d%base
		}
		sum += d
	}
	return (base - sum%base) % base
}

// value gives what a hexadecimal digit stands for.
func value(c byte) int { return strings.IndexByte("0123456789ABCDEF", c) }

func decimal(s string) bool     { return strings.Trim(s, "0123456789") == "" }
func hexadecimal(s string) bool { return strings.Trim(s, "0123456789ABCDEF") == "" }
