package main

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"runtime/debug"
)

// Named claims, told to the Node side in JSON lines as claims.py tells them.

type namedClaim struct {
	text string
	is   func()
}

var claims []namedClaim

func claim(text string, is func()) {
	claims = append(claims, namedClaim{"gophercloud: " + text, is})
}

func fail(format string, arguments ...interface{}) {
	panic(fmt.Sprintf(format, arguments...))
}

func equal(got, wanted interface{}, what string) {
	if !reflect.DeepEqual(got, wanted) {
		fail("%s: got %#v, wanted %#v", what, got, wanted)
	}
}

func holds(condition bool, what string) {
	if !condition {
		fail("%s", what)
	}
}

func must(err error) {
	if err != nil {
		fail("%v", err)
	}
}

func outcomeOf(is func()) (outcome *string) {
	defer func() {
		if reason := recover(); reason != nil {
			text := fmt.Sprintf("%v\n%s", reason, debug.Stack())
			outcome = &text
		}
	}()
	is()
	return nil
}

func tell(line map[string]interface{}) {
	text, err := json.Marshal(line)
	if err != nil {
		panic(err)
	}
	fmt.Println(string(text))
}

func run() {
	for _, each := range claims {
		tell(map[string]interface{}{"begun": each.text})
		tell(map[string]interface{}{"ended": each.text, "error": outcomeOf(each.is)})
	}
	tell(map[string]interface{}{"told": len(claims)})
	os.Exit(0)
}
