/* Writes SIZE bytes of text lines as fast as the terminal takes them.

   flood [-t TIME_FILE] [-s STREAM_FILE] SIZE

   It says READY, waits for one key, writes, and says FLOOD-END. The seconds that the writing took go to TIME_FILE.
   What STREAM_FILE holds is written instead of the lines, whole, again and again, until it is SIZE bytes or more. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
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

static const char *map_file(const char *path, size_t *length) {
    struct stat status;
    int fd = open(path, O_RDONLY);
    if (fd < 0 || fstat(fd, &status) != 0 || status.st_size == 0)
        exit(2);
    void *data = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
    if (data == MAP_FAILED)
        exit(2);
    *length = (size_t)status.st_size;
    return data;
}

/* A stream is never cut: its end may close what its begin has opened. */
static void write_stream(const char *stream, size_t length, size_t size) {
    for (size_t done = 0; done < size; done += length)
        for (size_t at = 0; at < length; at += CHUNK_BYTES)
            write_all(stream + at, length - at < CHUNK_BYTES ? length - at : CHUNK_BYTES);
}

static void write_lines(size_t size) {
    static char chunk[CHUNK_BYTES];
    size_t length = fill_with_lines(chunk);
    for (size_t done = 0; done < size;) {
        size_t part = size - done < length ? size - done : length;
        write_all(chunk, part);
        done += part;
    }
}

static double seconds_between(const struct timespec *begin, const struct timespec *end) {
    return (double)(end->tv_sec - begin->tv_sec) + (double)(end->tv_nsec - begin->tv_nsec) / 1e9;
}

int main(int argc, char **argv) {
    struct termios modes;
    struct timespec begin, end;
    const char *time_file = NULL, *stream = NULL;
    size_t stream_length = 0;
    char key;
    for (int option; (option = getopt(argc, argv, "t:s:")) != -1;) {
        if (option == 't')
            time_file = optarg;
        else if (option == 's')
            stream = map_file(optarg, &stream_length);
        else
            return 2;
    }
    if (optind >= argc || tcgetattr(STDIN_FILENO, &modes) != 0)
        return 2;
    size_t size = strtoull(argv[optind], NULL, 10);
    modes.c_lflag &= ~(tcflag_t)(ECHO | ICANON);
    tcsetattr(STDIN_FILENO, TCSANOW, &modes);
    write_all("READY\n", 6);
    if (read(STDIN_FILENO, &key, 1) != 1)
        return 1;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    if (stream != NULL)
        write_stream(stream, stream_length, size);
    else
        write_lines(size);
    clock_gettime(CLOCK_MONOTONIC, &end);
    write_all("\nFLOOD-END\n", 11);
    if (time_file != NULL) {
        FILE *file = fopen(time_file, "w");
        if (file == NULL)
            return 1;
        fprintf(file, "%.9f\n", seconds_between(&begin, &end));
        fclose(file);
    }
    return read(STDIN_FILENO, &key, 1) < 0;
}
