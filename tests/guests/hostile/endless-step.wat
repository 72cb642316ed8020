(func $on_step (param i32 i32) (loop $again (br $again)))
