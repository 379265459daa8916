# The first Python of every core.
import poly.boot

poly.boot.main()
