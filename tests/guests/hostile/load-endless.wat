;; state
(func $on_load (loop $again (br $again)))
