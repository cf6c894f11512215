/* The kernel's limit: runs PROGRAM in a PTY and reads it in a bare loop, from the key that starts it to FLOOD-END.

   kernel_limit PROGRAM [ARGUMENT...]      prints: SECONDS BYTES READS */
#define _GNU_SOURCE
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { TAIL_BYTES = 32 };

static char buffer[TAIL_BYTES + 64 * 1024];

/* Reads until MARKER has come, which may be cut in two by the end of a read. Returns the bytes read. */
static size_t read_until(int master, const char *marker, long *reads) {
    size_t total = 0;
    ssize_t length;
    memset(buffer, 0, TAIL_BYTES);
    while ((length = read(master, buffer + TAIL_BYTES, sizeof buffer - TAIL_BYTES)) > 0) {
        size_t searched = (size_t)length < 2 * TAIL_BYTES ? (size_t)length + TAIL_BYTES : 2 * TAIL_BYTES;
        const char *end = buffer + TAIL_BYTES + length;
        total += (size_t)length;
        *reads += 1;
        if (memmem(end - searched, searched, marker, strlen(marker)) != NULL)
            return total;
        memmove(buffer, end - TAIL_BYTES, TAIL_BYTES);
    }
    return 0;
}

int main(int argc, char **argv) {
    struct winsize size = {24, 80, 0, 0};
    struct timespec begin, end;
    int master;
    long reads = 0;
    if (argc < 2)
        return 2;
    pid_t child = forkpty(&master, NULL, NULL, &size);
    if (child == 0) {
        execv(argv[1], argv + 1);
        _exit(127);
    }
    if (child < 0 || read_until(master, "READY", &reads) == 0)
        return 1;
    reads = 0;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    if (write(master, "g", 1) != 1)
        return 1;
    size_t total = read_until(master, "FLOOD-END", &reads);
    clock_gettime(CLOCK_MONOTONIC, &end);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    printf("%.9f %zu %ld\n", (double)(end.tv_sec - begin.tv_sec) + (double)(end.tv_nsec - begin.tv_nsec) / 1e9, total, reads);
    return total == 0;
}
