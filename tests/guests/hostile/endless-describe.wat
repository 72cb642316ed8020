(func $on_describe (loop $again (br $again)))
