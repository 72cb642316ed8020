;; state
(func $on_save unreachable)
