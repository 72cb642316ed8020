;; Fills 4 MiB of its memory with ones.
(func $on_start
  (drop (memory.grow (i32.const 64)))
  (memory.fill (i32.const 65536) (i32.const 255) (i32.const 4194304)))
