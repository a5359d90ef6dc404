/* Prints what the C library that it is built with finds for a name, an address a line, or for an address its name. */
#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

int main(int argc, char **argv) {
    struct addrinfo hints, *all, *one;
    char text[NI_MAXHOST];
    int error;
    if (argc != 2)
        return 2;
    memset(&hints, 0, sizeof hints);
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICHOST;
    if (getaddrinfo(argv[1], NULL, &hints, &all) == 0) {
        error = getnameinfo(all->ai_addr, all->ai_addrlen, text, sizeof text, NULL, 0, NI_NAMEREQD);
        if (error == 0)
            puts(text);
    } else {
        hints.ai_flags = 0;
        error = getaddrinfo(argv[1], NULL, &hints, &all);
        for (one = error == 0 ? all : NULL; one != NULL; one = one->ai_next)
            if (getnameinfo(one->ai_addr, one->ai_addrlen, text, sizeof text, NULL, 0, NI_NUMERICHOST) == 0)
                puts(text);
    }
    if (error != 0)
        fprintf(stderr, "%s\n", gai_strerror(error));
    return error != 0;
}
