;; Fills 64 MiB again and again: the epoch is looked at only between the instructions.
(func $on_start (drop (memory.grow (i32.const 1024))))
(func $on_step (param i32 i32)
  (loop $again
    (memory.fill (i32.const 65536) (i32.const 7) (i32.const 67108864))
    (br $again)))
