;; Gives out memory that does not exist.
(func $on_alloc (param i32) (result i32) (i32.const -16))
