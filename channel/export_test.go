package channel

// ForgetWatched forgets, as it does in time, what nobody watches any more.
func (h *Hub) ForgetWatched() {
	h.board.mu.Lock()
	defer h.board.mu.Unlock()
	clear(h.board.circles)
}
