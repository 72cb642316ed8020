;; once
(memory 65536)
