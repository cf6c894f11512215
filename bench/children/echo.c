/* A raw terminal that says READY and then gives back what is typed, as soon as it comes. */
#include <termios.h>
#include <unistd.h>

int main(void) {
    struct termios modes;
    char typed[4096];
    ssize_t length;
    if (tcgetattr(STDIN_FILENO, &modes) != 0)
        return 2;
    cfmakeraw(&modes);
    tcsetattr(STDIN_FILENO, TCSANOW, &modes);
    if (write(STDOUT_FILENO, "READY\r\n", 7) != 7)
        return 1;
    while ((length = read(STDIN_FILENO, typed, sizeof typed)) > 0)
        if (write(STDOUT_FILENO, typed, (size_t)length) != length)
            return 1;
    return 0;
}
