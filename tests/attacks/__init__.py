"""What somebody with bad intentions would try, against the converged server and servers like it."""
