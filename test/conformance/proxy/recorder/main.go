// Answers which proxy golang.org/x/net/http/httpproxy chooses, in the version
// that Go 1.26's own net/http has: reads cases as JSON from standard input, and writes
// the proxy of each, "" for none, and "error" for a proxy that is refused.
package main

import (
	"encoding/json"
	"net/url"
	"os"

	"golang.org/x/net/http/httpproxy"
)

type Case struct {
	URL string            `json:"url"`
	Env map[string]string `json:"env"`
}

func main() {
	var cases []Case
	if err := json.NewDecoder(os.Stdin).Decode(&cases); err != nil {
		panic(err)
	}
	answers := make([]string, len(cases))
	for number, one := range cases {
		for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy", "REQUEST_METHOD"} {
			os.Unsetenv(name)
		}
		for name, value := range one.Env {
			os.Setenv(name, value)
		}
		target, err := url.Parse(one.URL)
		if err != nil {
			panic(err)
		}
		proxy, err := httpproxy.FromEnvironment().ProxyFunc()(target)
		switch {
		case err != nil:
			answers[number] = "error"
		case proxy != nil:
			answers[number] = proxy.String()
		}
	}
	out := json.NewEncoder(os.Stdout)
	out.SetIndent("", "  ")
	if err := out.Encode(answers); err != nil {
		panic(err)
	}
}
