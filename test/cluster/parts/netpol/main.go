// Carries out the NetworkPolicies of one namespace, and of no other: what decides about a packet is the controller of
// sigs.k8s.io/kube-network-policies. Its own program is not used, as it knows only the account of a pod and the whole cluster.
//
// The controller would bring packets to its queue by nftables' expression `queue`. A kernel without that (CONFIG_NFT_QUEUE)
// refuses its table, which it logs; whoever starts this brings them there by iptables' target NFQUEUE.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
	"sigs.k8s.io/kube-network-policies/pkg/networkpolicy"
)

func main() {
	kubeconfig := flag.String("kubeconfig", os.Getenv("KUBECONFIG"), "of an account that may list and watch pods, namespaces and NetworkPolicies")
	namespace := flag.String("namespace", "", "whose policies are carried out")
	node := flag.String("node", "", "the node this machine is")
	queue := flag.Int("queue", 0, "number of the queue of packets to decide about")
	klog.InitFlags(nil)
	flag.Parse()
	if err := run(*kubeconfig, *namespace, *node, *queue); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(kubeconfig, namespace, node string, queue int) error {
	if namespace == "" || node == "" || queue == 0 {
		return fmt.Errorf("--namespace, --node and --queue are needed")
	}
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	all := informers.NewSharedInformerFactory(client, 0)
	own := informers.NewSharedInformerFactoryWithOptions(client, 0, informers.WithNamespace(namespace))
	controller, err := networkpolicy.NewController(
		client,
		own.Networking().V1().NetworkPolicies(),
		all.Core().V1().Namespaces(),
		own.Core().V1().Pods(),
		nil, nil, nil, nil, // of the cluster administrator's policies, which are not watched
		networkpolicy.Config{
			QueueID:     queue,
			NodeName:    node,
			NFTableName: fmt.Sprintf("slipway-test-%d", queue),
			// Where this has died, nothing of the machine's may hang.
			FailOpen: true,
		},
	)
	if err != nil {
		return err
	}
	all.Start(ctx.Done())
	own.Start(ctx.Done())
	return controller.Run(ctx)
}
