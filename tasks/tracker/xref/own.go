package xref

import (
	"asapi/tasks"
	"asapi/tasks/tracker"
)

// ownRow reads {"resource": "animes/1245678", "same":
// ["namespaces/myanimelist-net/animes/1", "namespaces/anilist-co/animes/1"]}: ids
// that are the same work, and the name that it has in the client's own
// catalogue, if it has one there.
func ownRow(raw []byte, r *Row) {
	var doc struct {
		Resource string   `json:"resource"`
		Same     []string `json:"same"`
	}
	if !r.object(raw, &doc) {
		return
	}
	for _, name := range doc.Same {
		k, ok := tracker.ParseName(name)
		if !ok {
			r.wrong("%q is no name of a provider's id, such as namespaces/myanimelist-net/animes/1.", tasks.Clip(name, 80))
			return
		}
		if r.Keys = append(r.Keys, k); k.Kind != r.Keys[0].Kind {
			r.wrong("%s and %s are of different kinds, so they cannot be the same work.", r.Keys[0].Name(), name)
		}
	}
	if doc.Resource == "" {
		return
	}
	_, derived := tracker.KeyOf(doc.Resource)
	own, ok := tracker.OwnKey(doc.Resource)
	if !ok || derived {
		r.wrong("%q is no name of a work of your own, such as animes/1245678.", tasks.Clip(doc.Resource, 80))
		return
	}
	if len(r.Keys) > 0 && r.Keys[0].Kind != own.Kind {
		r.wrong("%s and %s are of different kinds, so they cannot be the same work.", r.Keys[0].Name(), doc.Resource)
	}
	r.Keys = append(r.Keys, own)
}
