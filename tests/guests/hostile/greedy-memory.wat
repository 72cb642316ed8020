;; Grows memory page by page until the host says no, and then insists.
(func $on_step (param i32 i32)
  (loop $again (br_if $again (i32.ne (memory.grow (i32.const 16)) (i32.const -1))))
  (i32.store8 (i32.mul (memory.size) (i32.const 65536)) (i32.const 1)))
