/* Writes SIZE bytes of text lines as fast as the terminal takes them.

   flood SIZE [TIME_FILE]

   It says READY, waits for one key, writes, and says FLOOD-END. The seconds that the writing took go to TIME_FILE. */
#include <stdio.h>
#include <stdlib.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum { CHUNK_BYTES = 64 * 1024, MAX_LINE_BYTES = 160 };

static void write_all(const char *data, size_t length) {
    while (length > 0) {
        ssize_t written = write(STDOUT_FILENO, data, length);
        if (written <= 0)
            exit(1);
        data += written;
        length -= (size_t)written;
    }
}

/* What a build or a linter prints: colours, paths, numbers, lines of differing length. */
static size_t fill_with_lines(char *chunk) {
    size_t used = 0;
    for (int line = 0; used + MAX_LINE_BYTES < CHUNK_BYTES; line++)
        used += (size_t)snprintf(chunk + used, MAX_LINE_BYTES, "\033[32m%06d\033[0m src/module_%02d/file.py:%d: %s%s\n",
                                 line, line % 37, line * 7 % 991, line % 5 ? "the quick brown fox jumps over " : "",
                                 line % 3 ? "ok" : "\033[33mwarning\033[0m: imported but unused");
    return used;
}

static double seconds_between(const struct timespec *begin, const struct timespec *end) {
    return (double)(end->tv_sec - begin->tv_sec) + (double)(end->tv_nsec - begin->tv_nsec) / 1e9;
}

int main(int argc, char **argv) {
    static char chunk[CHUNK_BYTES];
    struct termios modes;
    struct timespec begin, end;
    char key;
    if (argc < 2 || tcgetattr(STDIN_FILENO, &modes) != 0)
        return 2;
    size_t size = strtoull(argv[1], NULL, 10), length = fill_with_lines(chunk);
    modes.c_lflag &= ~(tcflag_t)(ECHO | ICANON);
    tcsetattr(STDIN_FILENO, TCSANOW, &modes);
    write_all("READY\n", 6);
    if (read(STDIN_FILENO, &key, 1) != 1)
        return 1;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    for (size_t done = 0; done < size;) {
        size_t part = size - done < length ? size - done : length;
        write_all(chunk, part);
        done += part;
    }
    clock_gettime(CLOCK_MONOTONIC, &end);
    write_all("\nFLOOD-END\n", 11);
    if (argc > 2) {
        FILE *file = fopen(argv[2], "w");
        if (file == NULL)
            return 1;
        fprintf(file, "%.9f\n", seconds_between(&begin, &end));
        fclose(file);
    }
    return read(STDIN_FILENO, &key, 1) < 0;
}
