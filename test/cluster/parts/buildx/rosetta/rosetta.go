// Package rosetta answers what docker's CLI asks about macOS: this is Linux.
package rosetta

// Enabled tells whether the program runs translated for another processor.
func Enabled() bool { return false }
