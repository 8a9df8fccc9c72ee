; Puts queens on a board so that none attacks another: the first solution for each size, and how many there are.

(define (append a b) (if (null? a) b (cons (car a) (append (cdr a) b))))
(define (map f items) (if (null? items) '() (cons (f (car items)) (map f (cdr items)))))
(define (sum items) (if (null? items) 0 (+ (car items) (sum (cdr items)))))

(define (range from end)
  (if (< from end) (cons from (range (+ from 1) end)) '()))

; Whether a queen in the next row, in column `column`, is safe from those of a list, the nearest row first.
(define (safe? column queens)
  (define (check distance queens)
    (cond ((null? queens) #t)
          ((= (car queens) column) #f)
          ((= (car queens) (- column distance)) #f)
          ((= (car queens) (+ column distance)) #f)
          (else (check (+ distance 1) (cdr queens)))))
  (check 1 queens))

; All solutions: for each, the columns of the queens from the last row to the first.
(define (queens size)
  (define (place row queens)
    (if (= row 0)
        (list queens)
        (gather row queens 0)))
  (define (gather row queens column)
    (cond ((= column size) '())
          ((safe? column queens) (append (place (- row 1) (cons column queens)) (gather row queens (+ column 1))))
          (else (gather row queens (+ column 1)))))
  (place size '()))

(define (show size)
  (let ((solutions (queens size)))
    (if (null? solutions)
        (print size "queens: no solution")
        (print size "queens:" (car solutions) "is one of" (sum (map (lambda (s) 1) solutions))))))

(map show (range 1 7))

; A loop of many turns takes no stack.
(define (count n total) (if (= n 0) total (count (- n 1) (+ total n))))
(print "1 + 2 + ... + 100000 =" (count 100000 0))

; Closures hold what they were made with.
(define (counter)
  (let ((n 0))
    (lambda () (set! n (+ n 1)) n)))
(define next (counter))
(next)
(print "counted" (next))
