/* The image's one program: firn where it is called by that name, else firnd. Swift's own entry points are renamed by
   SwiftPM, which does so for programs that tests look into. */
#include <string.h>

int firn_main(int count, char **words);
int firnd_main(int count, char **words);

int main(int count, char **words) {
    const char *path = count > 0 ? words[0] : "";
    const char *slash = strrchr(path, '/');
    return strcmp(slash ? slash + 1 : path, "firn") == 0 ? firn_main(count, words) : firnd_main(count, words);
}
