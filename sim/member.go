package sim

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"

	"github.com/locus-genomics/locus/coordinator"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/panel"
	"github.com/locus-genomics/locus/protocol/rest"
	"github.com/locus-genomics/locus/protocol/wire"
)

// member is one of the coordinator's, running or stopped.
type member struct {
	home *coordinator.Home
	addr string // of the API
	stop context.CancelFunc
	done chan error
}

// startMembers makes all members, lets each know the others, and runs them.
func (n *Network) startMembers() error {
	addrs, err := freeAddresses(2 * n.cfg.Members)
	if err != nil {
		return err
	}
	cards := make(map[string][]byte)
	for i := range n.cfg.Members {
		name := fmt.Sprintf("c%d", i+1)
		_, port, err := net.SplitHostPort(addrs[2*i])
		if err != nil {
			return err
		}
		home, err := coordinator.Init(n.dir(name), coordinator.InitConfig{
			Name: name, Listen: []string{"/ip4/127.0.0.1/tcp/" + port}, API: addrs[2*i+1],
		})
		if err != nil {
			return err
		}
		if cards[name], err = os.ReadFile(filepath.Join(home.Dir, "member.json")); err != nil {
			return err
		}
		n.members = append(n.members, &member{home: home, addr: addrs[2*i+1]})
	}
	for i, m := range n.members {
		for name, card := range cards {
			if err := os.WriteFile(filepath.Join(m.home.Dir, "members", name+".json"), card, 0o600); err != nil {
				return err
			}
		}
		if m.home, err = coordinator.LoadHome(m.home.Dir); err != nil {
			return err
		}
		if err := n.StartMember(i); err != nil {
			return err
		}
	}
	n.operator = rest.NewClient(n.members[0].home.Endpoints(), n.members[0].home.Operator)
	return nil
}

// StartMember runs a member from what it has on disk.
func (n *Network) StartMember(i int) error {
	m := n.members[i]
	c := coordinator.Config{Home: m.home, Log: n.cfg.Log.With("party", m.home.Card.Name), Version: "sim", Timing: n.cfg.Timing}
	if n.cfg.Step != nil {
		c.TestOnlyStep = func(step string) { n.cfg.Step(i, step) }
	}
	var loop *wire.Loopback
	if n.cfg.Transport == Loopback {
		c.Allow = wire.NewAllowList()
		var err error
		if loop, err = n.loop.Join(m.home.Network.ID(), c.Allow); err != nil {
			return err
		}
		c.Transport = loop
	}
	running, err := coordinator.New(c)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.Background())
	m.stop, m.done = stop, make(chan error, 1)
	go func() { m.done <- running.Run(ctx) }()
	return nil
}

// StopMember stops a member as an operator would. It may be stopped already.
func (n *Network) StopMember(i int) error {
	m := n.members[i]
	if m.stop == nil {
		return nil
	}
	m.stop()
	err := <-m.done
	m.stop = nil
	return err
}

// storePanel hands the panel to the coordinator.
func (n *Network) storePanel(ctx context.Context) (protocol.PanelRef, error) {
	raw, err := panelBytes(n.cfg.Panel)
	if err != nil {
		return protocol.PanelRef{}, err
	}
	if _, err := n.operator.Bytes(ctx, http.MethodPost, "/v1/panels", raw); err != nil {
		return protocol.PanelRef{}, fmt.Errorf("store panel: %w", err)
	}
	p := n.cfg.Panel
	return protocol.PanelRef{Name: "panel", Assembly: p.Assembly(), Digest: p.Digest(), Size: uint64(p.Len())}, nil
}

// freeAddresses are loopback addresses on which nobody listens now.
func freeAddresses(count int) ([]string, error) {
	addrs := make([]string, count)
	for i := range addrs {
		l, err := net.Listen("tcp4", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close() // all at the end, so that all differ
		addrs[i] = l.Addr().String()
	}
	return addrs, nil
}

func panelBytes(p *panel.Panel) ([]byte, error) {
	var b writer
	_, err := p.WriteTo(&b)
	return b, err
}

type writer []byte

// Write keeps what is written.
func (w *writer) Write(p []byte) (int, error) {
	*w = append(*w, p...)
	return len(p), nil
}
