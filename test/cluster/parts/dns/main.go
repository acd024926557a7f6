// CoreDNS with the few plugins the test cluster's name service needs.
package main

import (
	_ "github.com/coredns/coredns/plugin/cache"
	_ "github.com/coredns/coredns/plugin/errors"
	_ "github.com/coredns/coredns/plugin/health"
	_ "github.com/coredns/coredns/plugin/hosts"
	_ "github.com/coredns/coredns/plugin/kubernetes"
	_ "github.com/coredns/coredns/plugin/ready"
	_ "github.com/coredns/coredns/plugin/template"

	"github.com/coredns/coredns/core/dnsserver"
	"github.com/coredns/coredns/coremain"
	_ "github.com/coredns/coredns/plugin/bind"
)

func main() {
	// The order in which CoreDNS asks the plugins of one server.
	dnsserver.Directives = []string{"bind", "health", "ready", "errors", "cache", "hosts", "template", "kubernetes"}
	coremain.Run()
}
