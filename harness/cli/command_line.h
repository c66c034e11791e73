// What verbs share on the command line.
#pragma once

#include <string>
#include <string_view>

namespace CLI {
class App;
}

namespace barnacle {

// --format text|json
void add_format(CLI::App& verb, std::string& format);

// A word as a shell takes it, quoted only where that is needed.
std::string shell_quoted(std::string_view word);

}  // namespace barnacle
