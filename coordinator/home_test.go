package coordinator_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/coordinator"
)

func initial(name string) coordinator.InitConfig {
	return coordinator.InitConfig{Name: name, Listen: []string{"/ip4/127.0.0.1/tcp/7101"}, API: "127.0.0.1:7201"}
}

func newHome(t *testing.T, name string) *coordinator.Home {
	t.Helper()
	return must[*coordinator.Home](t)(coordinator.Init(filepath.Join(t.TempDir(), name), initial(name)))
}

func TestAHomeIsLoadedAsItWasMade(t *testing.T) {
	made := newHome(t, "c1")
	loaded := must[*coordinator.Home](t)(coordinator.LoadHome(made.Dir))
	if diff := cmp.Diff(made.Card, loaded.Card); diff != "" {
		t.Errorf("the card differs: %s", diff)
	}
	if loaded.API != "127.0.0.1:7201" || loaded.Signing.Public().ID() != made.Signing.Public().ID() || loaded.Network.ID() != made.Network.ID() {
		t.Error("it is another member")
	}
	for _, file := range []string{"keys.json", "tls.pem"} {
		info, err := os.Stat(filepath.Join(made.Dir, file))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: others may read it: %v", file, err)
		}
	}
}

func TestAHomePrintsNoSecret(t *testing.T) {
	h := newHome(t, "c1")
	keys := must[[]byte](t)(os.ReadFile(filepath.Join(h.Dir, "keys.json")))
	var secrets map[string]string
	if err := json.Unmarshal(keys, &secrets); err != nil {
		t.Fatal(err)
	}
	printed := fmt.Sprintf("%v %+v %#v %s", h, h, h, h)
	for name, secret := range secrets {
		if strings.Contains(printed, secret) {
			t.Errorf("the seed %q is printed", name)
		}
	}
}

func TestInitOverwritesNothing(t *testing.T) {
	h := newHome(t, "c1")
	if _, err := coordinator.Init(h.Dir, initial("c1")); !errors.Is(err, coordinator.ErrExists) {
		t.Errorf("got %v, want %v", err, coordinator.ErrExists)
	}
}

func TestInitRefusesWhatCannotServe(t *testing.T) {
	for name, edit := range map[string]func(*coordinator.InitConfig){
		"no name":                func(c *coordinator.InitConfig) { c.Name = "" },
		"a name that is a path":  func(c *coordinator.InitConfig) { c.Name = "../c1" },
		"nowhere to listen":      func(c *coordinator.InitConfig) { c.Listen = nil },
		"an API without a port":  func(c *coordinator.InitConfig) { c.API = "127.0.0.1" },
		"a name with a space":    func(c *coordinator.InitConfig) { c.Name = "c 1" },
		"an API that is nothing": func(c *coordinator.InitConfig) { c.API = "" },
	} {
		t.Run(name, func(t *testing.T) {
			c := initial("c1")
			edit(&c)
			dir := filepath.Join(t.TempDir(), "c1")
			if _, err := coordinator.Init(dir, c); err == nil {
				t.Error("it is made")
			}
			if _, err := coordinator.LoadHome(dir); !errors.Is(err, coordinator.ErrNoHome) {
				t.Errorf("something is left: %v", err)
			}
		})
	}
}

func TestTheCardsOfAllMembersMustBeThere(t *testing.T) {
	h, other, third := newHome(t, "c1"), newHome(t, "c2"), newHome(t, "c3")
	give := func(from *coordinator.Home, as string) {
		t.Helper()
		card := must[[]byte](t)(os.ReadFile(filepath.Join(from.Dir, "member.json")))
		if err := os.WriteFile(filepath.Join(h.Dir, "members", as+".json"), card, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	give(other, "c2")
	if _, err := coordinator.LoadHome(h.Dir); err == nil {
		t.Error("two members are no coordinator")
	}
	give(third, "c3")
	loaded := must[*coordinator.Home](t)(coordinator.LoadHome(h.Dir))
	if members := must[[]string](t)(names(loaded)); !cmp.Equal(members, []string{"c1", "c2", "c3"}) {
		t.Errorf("the members are %q", members)
	}
	give(third, "c2")
	if _, err := coordinator.LoadHome(h.Dir); err == nil {
		t.Error("one member counts twice")
	}
}

func names(h *coordinator.Home) (list []string, err error) {
	members, err := h.RosterMembers()
	for _, m := range members {
		list = append(list, m.Name)
	}
	return list, err
}

func TestADamagedHomeIsNotLoaded(t *testing.T) {
	for _, file := range []string{"keys.json", "tls.pem", "member.json", "listen.json", filepath.Join("members", "c1.json")} {
		t.Run(file, func(t *testing.T) {
			h := newHome(t, "c1")
			if err := os.WriteFile(filepath.Join(h.Dir, file), []byte("{"), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := coordinator.LoadHome(h.Dir); err == nil {
				t.Error("it is loaded")
			}
		})
	}
}
