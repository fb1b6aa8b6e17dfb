#!/usr/bin/env bash
# Packages: Debian 12's libnghttp2-14 and libnghttp2-dev 1.52.0.
# Expected: two answers on one connection take turns, whether the server knows the priorities of RFC 7540 or says that it does not.
# Seen:     they take turns while the server knows them. Once it has sent SETTINGS_NO_RFC7540_PRIORITIES, the second answer's first frame
#           comes after the first answer's last one: RFC 9218's priorities take over, and an answer for which nobody asks otherwise is
#           not incremental.
# Matters:  the setting is a way to be rid of the old tree of priorities, which clients could make a server keep. gRPC's clients ask for
#           no priority, and an answer that is a stream of messages has no last frame: all other calls of its connection wait for as
#           long as it has something to send. A server has to mark its answers as incremental itself.
# Source:   RFC 9218, sections 2.1 and 10; nghttp2.h, nghttp2_session_change_extpri_stream_priority.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get -qq -o APT::Sandbox::User=root download 'libnghttp2-14=1.52.0*' 'libnghttp2-dev=1.52.0*'
for package in *.deb; do dpkg -x "$package" root; done
libraries=$(dirname root/usr/lib/*/libnghttp2.so.14)

cat >turns.c <<'C'
#include <nghttp2/nghttp2.h>
#include <stdio.h>
#include <string.h>

// Frames of each answer, by the number of its stream.
static int left[8];
static char order[64];

static ssize_t read_body(nghttp2_session *session, int32_t stream, uint8_t *bytes, size_t count, uint32_t *flags, nghttp2_data_source *source,
                         void *user) {
    memset(bytes, 0, count);
    if (--left[stream] == 0) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return (ssize_t)count;
}

static int requested(nghttp2_session *server, const nghttp2_frame *frame, void *user) {
    if (frame->hd.type != NGHTTP2_HEADERS) return 0;
    nghttp2_nv status = {(uint8_t *)":status", (uint8_t *)"200", 7, 3, NGHTTP2_NV_FLAG_NONE};
    nghttp2_data_provider body = {.read_callback = read_body};
    left[frame->hd.stream_id] = 10;
    return nghttp2_submit_response(server, frame->hd.stream_id, &status, 1, &body);
}

static int sent(nghttp2_session *server, const nghttp2_frame *frame, void *user) {
    if (frame->hd.type == NGHTTP2_DATA) order[strlen(order)] = (char)('0' + frame->hd.stream_id);
    return 0;
}

static void deliver(nghttp2_session *from, nghttp2_session *to) {
    const uint8_t *bytes;
    ssize_t count;
    while ((count = nghttp2_session_mem_send(from, &bytes)) > 0) nghttp2_session_mem_recv(to, bytes, (size_t)count);
}

int main(int argc, char **arguments) {
    nghttp2_session_callbacks *nothing, *serving;
    nghttp2_session_callbacks_new(&nothing);
    nghttp2_session_callbacks_new(&serving);
    nghttp2_session_callbacks_set_on_frame_recv_callback(serving, requested);
    nghttp2_session_callbacks_set_on_frame_send_callback(serving, sent);
    nghttp2_session *client, *server;
    nghttp2_session_client_new(&client, nothing, NULL);
    nghttp2_session_server_new(&server, serving, NULL);
    // Windows for all of both answers, so that flow control plays no part.
    nghttp2_settings_entry window = {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 1 << 20};
    nghttp2_submit_settings(client, NGHTTP2_FLAG_NONE, &window, 1);
    nghttp2_session_set_local_window_size(client, NGHTTP2_FLAG_NONE, 0, 1 << 20);
    nghttp2_settings_entry without = {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1};
    nghttp2_submit_settings(server, NGHTTP2_FLAG_NONE, &without, argc > 1);
    deliver(server, client);
    deliver(client, server);
    nghttp2_nv request[] = {
        {(uint8_t *)":method", (uint8_t *)"POST", 7, 4, NGHTTP2_NV_FLAG_NONE},
        {(uint8_t *)":scheme", (uint8_t *)"http", 7, 4, NGHTTP2_NV_FLAG_NONE},
        {(uint8_t *)":path", (uint8_t *)"/", 5, 1, NGHTTP2_NV_FLAG_NONE},
        {(uint8_t *)":authority", (uint8_t *)"localhost", 10, 9, NGHTTP2_NV_FLAG_NONE},
    };
    for (int stream = 0; stream < 2; stream++) nghttp2_submit_request(client, NULL, request, 4, NULL, NULL);
    deliver(client, server);
    deliver(server, client);
    printf("nghttp2 %s, %s: %s\n", nghttp2_version(0)->version_str, argc > 1 ? "without priorities" : "with priorities", order);
}
C
cc -Iroot/usr/include turns.c "$libraries/libnghttp2.so.14" -o turns
{
    LD_LIBRARY_PATH=$libraries ./turns
    LD_LIBRARY_PATH=$libraries ./turns without
} >seen

cat seen
diff - seen <<'EXPECTED' || { echo "setting-without-priorities-starves-streams: this is not what was seen before" >&2; exit 1; }
nghttp2 1.52.0, with priorities: 13131313131313131313
nghttp2 1.52.0, without priorities: 11111111113333333333
EXPECTED
