;; state
