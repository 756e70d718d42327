package tasks

// Permit says whether the caller's token lets it use an action of a service at
// once, outside of a task, with these values of the action's parameters: nil, or
// CodeNotPermitted. Doors that call use cases directly ask it before, so that a
// permission holds on every door. A token whose permission narrows a parameter
// must give one of the allowed values.
func (d *Desk) Permit(c Caller, service, action string, values map[string][]string) error {
	if len(c.Token.Allow) == 0 {
		return nil
	}
	if !c.Token.May(service, action) {
		return &Error{Code: CodeNotPermitted, Message: "This token may not use the action " + service + "/" + action + "."}
	}
	s, ok := d.cfg.Catalog.Service(service)
	if !ok {
		return nil
	}
	a, ok := s.Action(action)
	if !ok {
		return nil
	}
	return checkNarrowed(c, s, a, Args{Values: values}).Err()
}
