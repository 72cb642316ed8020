;; Traps if any byte of 4 MiB of its fresh memory is not zero, then fills them with ones for whoever comes next.
(func $on_start (local $at i32)
  (drop (memory.grow (i32.const 64)))
  (local.set $at (i32.const 131072))
  (loop $next
    (if (i64.ne (i64.load (local.get $at)) (i64.const 0)) (then unreachable))
    (local.set $at (i32.add (local.get $at) (i32.const 8)))
    (br_if $next (i32.lt_u (local.get $at) (i32.const 4259840))))
  (memory.fill (i32.const 131072) (i32.const 255) (i32.const 4128768)))
