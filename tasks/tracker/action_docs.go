package tracker

// trackerDoc is a tracker as results hold it, with the names of the published
// API's JSON.
type trackerDoc struct {
	Name       string   `json:"name"`
	Resource   string   `json:"resource"`
	Title      string   `json:"title,omitempty"`
	Start      string   `json:"startTime,omitempty"`
	End        string   `json:"endTime,omitempty"`
	Completed  []string `json:"completedResources,omitempty"`
	Percentage *float64 `json:"progressPercentage"`
	State      string   `json:"state"`
}

func shownOf(v *View) trackerDoc {
	d := trackerDoc{
		Name: v.Name(), Resource: v.Resource, Title: v.Work.Title, Start: stamp(v.Start), End: stamp(v.End),
		Completed: v.Completed, State: v.State.String(),
	}
	if p, known := v.Percent(); known {
		d.Percentage = &p
	}
	return d
}

// deletedDoc tells what was deleted.
type deletedDoc struct {
	Deleted string `json:"deleted"`
}

// nodeDoc is a Node as results hold it.
type nodeDoc struct {
	Indicator struct {
		Min       int32   `json:"minValue"`
		Max       int32   `json:"maxValue"`
		Value     int32   `json:"value"`
		Ratio     float32 `json:"ratio"`
		Threshold int32   `json:"threshold"`
	} `json:"indicator"`
	Nodes map[string]nodeDoc `json:"nodes,omitempty"`
}

func nodeOf(n Node) nodeDoc {
	var d nodeDoc
	d.Indicator.Min, d.Indicator.Max, d.Indicator.Value = n.Indicator.Min, n.Indicator.Max, n.Indicator.Value
	d.Indicator.Ratio, d.Indicator.Threshold = n.Indicator.Ratio, n.Indicator.Threshold
	if len(n.Nodes) > 0 {
		d.Nodes = make(map[string]nodeDoc, len(n.Nodes))
		for name, below := range n.Nodes {
			d.Nodes[name] = nodeOf(below)
		}
	}
	return d
}
