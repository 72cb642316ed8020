(func $on_start (loop $again (br $again)))
