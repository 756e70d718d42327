package tracker

import (
	"context"
	"math"
	"strings"

	"asapi/tasks"
)

// Indicator says how far something is.
type Indicator struct {
	Min       int32
	Max       int32 // 0: it is not known how much there is
	Value     int32
	Ratio     float32 // Value of Max, 0 to 1; 0 where Max is unknown
	Threshold int32   // from which value on it is complete; 0: unknown
}

// Node is one node of the tree of progress: a work, a type of its parts, or one
// part.
type Node struct {
	Indicator Indicator
	Nodes     map[string]Node
}

func indicate(value, most int64) Indicator {
	value, most = min(value, math.MaxInt32), min(most, math.MaxInt32)
	if most > 0 {
		value = min(value, most)
	}
	i := Indicator{Max: int32(most), Value: int32(value), Threshold: int32(most)}
	if most > 0 {
		i.Ratio = float32(value) / float32(most)
	}
	return i
}

// ComputeTracker gives the tree of a tracker's progress. The root counts
// completed regular parts, or percent where the progress was set by hand. Below
// it stands a node for every type of parts the catalogue knows or the tracker
// completed, such as REGULAR; below that one for each part, such as episodes/12,
// of which the value is 0 or 1.
func (l *Library) ComputeTracker(ctx context.Context, client tasks.ClientID, name string) (Node, error) {
	_, tree, err := l.InspectTracker(ctx, client, name)
	return tree, err
}

// InspectTracker is GetTracker and ComputeTracker in one call.
func (l *Library) InspectTracker(ctx context.Context, client tasks.ClientID, name string) (View, Node, error) {
	v, err := l.GetTracker(ctx, client, name)
	if err != nil {
		return View{}, Node{}, err
	}
	parts, err := l.store.PartsOf(ctx, client, v.Resource)
	if err != nil {
		return View{}, Node{}, err
	}
	return v, computed(&v, parts), nil
}

func computed(v *View, parts []Part) Node {
	root := Node{Indicator: indicate(v.Done(), v.Work.Regular), Nodes: map[string]Node{}}
	if p, known := v.Percent(); known && (v.ByHand || (v.State == Completed && v.Work.Regular == 0)) {
		root.Indicator = indicate(int64(math.Round(p)), 100)
	} else if v.State == Completed {
		root.Indicator = indicate(v.Work.Regular, v.Work.Regular)
	}
	done := make(map[string]bool, len(v.Completed))
	for _, name := range v.Completed {
		done[name] = true
	}
	all := parts
	for _, p := range parts {
		if p.Type == RegularType && p.Ordinal > 0 && p.Ordinal <= v.FirstDone {
			done[p.Resource] = true
		}
	}
	known := make(map[string]bool, len(parts))
	for _, p := range parts {
		known[p.Resource] = true
	}
	for _, name := range v.Completed {
		if res, ok := ParseResource(name); ok && res.IsPart() && !known[name] {
			all = append(all, Part{Resource: name, Type: RegularType})
		}
	}
	for _, p := range all {
		group, ok := root.Nodes[p.Type]
		if !ok {
			group.Nodes = map[string]Node{}
		}
		value := int64(0)
		if done[p.Resource] {
			value = 1
		}
		group.Nodes[strings.TrimPrefix(p.Resource, v.Resource+"/")] = Node{Indicator: indicate(value, 1)}
		root.Nodes[p.Type] = group
	}
	for kind, group := range root.Nodes {
		var value int64
		for _, n := range group.Nodes {
			value += int64(n.Indicator.Value)
		}
		group.Indicator = indicate(value, int64(len(group.Nodes)))
		root.Nodes[kind] = group
	}
	return root
}
