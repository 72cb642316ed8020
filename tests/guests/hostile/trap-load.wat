;; state
(func $on_load unreachable)
