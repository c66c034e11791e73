// Messages with descriptors over a SOCK_SEQPACKET socket: what driver and helper say to each other.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace barnacle {

// Descriptor numbers that the helper is started with.
inline constexpr int kControlSocket = 3;   // the driver; when it closes, the helper ends everything
inline constexpr int kSpecFile = 4;        // the SandboxSpec as CBOR
inline constexpr int kOutputPipe = 5;      // stdout and stderr of the container
inline constexpr int kTracePipe = 6;       // its xtrace
inline constexpr int kStandInProgram = 7;  // barnacle-stand-in
inline constexpr int kFirstUnused = 8;

// Kinds. From the helper: ready (text: see ready_text), failed (text: why), exited (text: see exit_text).
// From the driver: terminate, kill. Between the helper's processes: the rest.
enum class MessageKind : char {
  ready = 'R',
  failed = 'F',
  exited = 'X',
  terminate = 'T',
  kill = 'K',
  api_listener = 'A',
  stand_in_listener = 'S',
  proc_folder = 'P',
  node_view = 'N',  // text: the id of PID 1's mount namespace
  gate = 'G'
};

struct Message {
  MessageKind kind = MessageKind::failed;
  std::string text = {};
  std::vector<int> descriptors = {};  // received ones are the receiver's to close
};

// False when the other side is gone.
bool send_message(int socket, const Message& message);

struct Received {
  std::optional<Message> message;
  bool closed = false;  // without message and not closed: nothing there
};
Received receive_message(int socket);

// The abstract unix socket, private to the sandbox's network namespace, on which stand-ins ask.
inline constexpr std::string_view kStandInSocket = "barnacle-stand-in";

}  // namespace barnacle
