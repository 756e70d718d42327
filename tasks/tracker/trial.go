package tracker

// maxTrial bounds how many entries that stand more than once in their file a dry
// run remembers.
const maxTrial = 20_000

// trial remembers what a dry run made of entries that come by again: the store
// keeps nothing of it. A nil trial is that of a real run and remembers nothing.
type trial struct {
	once  map[uint64]struct{} // hashes of keys that stood in the file
	twice map[uint64]struct{} // of those, the ones that stood there again
	kept  map[RecordKey]Record
}

func newTrial() *trial {
	return &trial{map[uint64]struct{}{}, map[uint64]struct{}{}, map[RecordKey]Record{}}
}

func (tr *trial) expect(hash uint64) {
	if _, again := tr.once[hash]; again {
		tr.twice[hash] = struct{}{}
	}
	tr.once[hash] = struct{}{}
}

// recall puts into h what earlier rows would have left there.
func (tr *trial) recall(h *Held, rows []importRow) {
	if tr == nil {
		return
	}
	for _, row := range rows {
		kept, ok := tr.kept[row.Key]
		if !ok || row.Fault != "" {
			continue
		}
		t := *kept.Tracker
		kept.Tracker = &t
		h.Trackers[t.Resource] = &t
		h.Records[row.Key] = &kept
	}
}

// remember keeps of h what later rows will want.
func (tr *trial) remember(h *Held, rows []importRow, hash func(RecordKey) uint64) {
	if tr == nil {
		return
	}
	for _, row := range rows {
		record, ok := h.Records[row.Key]
		if _, again := tr.twice[hash(row.Key)]; ok && again && row.Fault == "" && len(tr.kept) < maxTrial {
			t := *record.Tracker
			tr.kept[row.Key] = Record{record.Key, &t, record.Entry, record.Base}
		}
	}
}
