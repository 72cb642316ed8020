;; state
;; Writes to every page of 64 MiB in every tick, and saves all of them.
(func $on_start
  (drop (memory.grow (i32.const 1024)))
  ;; The pages are there before the first step, whose budget is short.
  (memory.fill (i32.const 131072) (i32.const 1) (i32.const 66977792)))
(func $on_step (param i32 i32) (local $at i32)
  (local.set $at (i32.const 131072))
  (loop $next
    (i32.store (local.get $at) (i32.add (i32.load (local.get $at)) (i32.const 1)))
    (local.set $at (i32.add (local.get $at) (i32.const 4096)))
    (br_if $next (i32.lt_u (local.get $at) (i32.const 67108864)))))
(func $on_save
  (global.set $saved_at (i32.const 65536))
  (global.set $saved_len (i32.const 67108864)))
