/* Shifts the wall clock of the processes that load it by the seconds in a file, as if the machine's had been set.
   libfaketime breaks Python's sleep, which waits by the monotonic clock. Files keep the times of the kernel. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <sys/time.h>
#include <time.h>

static long shift(void)
{
    long seconds = 0;
    int kept = errno;
    FILE *file = fopen("/etc/clock-shift", "re");

    if (file) {
        if (fscanf(file, "%ld", &seconds) != 1) {
            seconds = 0;
        }
        fclose(file);
    }
    errno = kept;
    return seconds;
}

int clock_gettime(clockid_t clock, struct timespec *moment)
{
    static int (*real)(clockid_t, struct timespec *);

    if (!real) {
        real = dlsym(RTLD_NEXT, "clock_gettime");
    }
    int failed = real(clock, moment);
    if (!failed && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
        moment->tv_sec += shift();
    }
    return failed;
}

int gettimeofday(struct timeval *restrict moment, void *restrict zone)
{
    struct timespec now;
    int failed = clock_gettime(CLOCK_REALTIME, &now);

    (void) zone;
    moment->tv_sec = now.tv_sec;
    moment->tv_usec = now.tv_nsec / 1000;
    return failed;
}

time_t time(time_t *moment)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    if (moment) {
        *moment = now.tv_sec;
    }
    return now.tv_sec;
}
