(func $on_start unreachable)
