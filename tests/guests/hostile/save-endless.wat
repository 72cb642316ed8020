;; state
(func $on_save (loop $again (br $again)))
