/* Writes lines for ever, as fast as the terminal takes them; each begins with the time it was written.

   It says READY and waits for one key. A time is T and 16 digits: microseconds of CLOCK_MONOTONIC, the clock that all
   processes of a machine share. */
#include <stdio.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

int main(void) {
    struct termios modes;
    struct timespec now;
    char line[128], key;
    if (tcgetattr(STDIN_FILENO, &modes) != 0)
        return 2;
    modes.c_lflag &= ~(tcflag_t)(ECHO | ICANON);
    tcsetattr(STDIN_FILENO, TCSANOW, &modes);
    if (write(STDOUT_FILENO, "READY\n", 6) != 6 || read(STDIN_FILENO, &key, 1) != 1)
        return 1;
    for (unsigned number = 0;; number++) {
        clock_gettime(CLOCK_MONOTONIC, &now);
        int length = snprintf(line, sizeof line, "T%010lld%06ld \033[3%um%08u\033[0m the quick brown fox jumps over\n",
                              (long long)now.tv_sec, now.tv_nsec / 1000, number % 8, number);
        for (int done = 0; done < length;) {
            ssize_t written = write(STDOUT_FILENO, line + done, (size_t)(length - done));
            if (written <= 0)
                return 1;
            done += (int)written;
        }
    }
}
