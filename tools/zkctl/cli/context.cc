#include "tools/zkctl/cli/context.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "text/duration.h"
#include "zk/identity.h"
#include "zk/native_client.h"

namespace zkcluster::zkctl {

int ExitCodeOf(ErrorCode code) {
  switch (code) {
    case ErrorCode::kUnavailable:
    case ErrorCode::kUnknownOutcome:
    case ErrorCode::kSessionLost:
    case ErrorCode::kTimeout:
      return kUnreachable;
    default:
      return kRefused;
  }
}

namespace {

// `watch zkctl ...` and programs that show our output set it, also where they read it by a pipe.
std::size_t ColumnsOfEnvironment() {
  constexpr std::size_t kLeast = 20;
  constexpr std::size_t kMost = 1000;
  const char* const text = std::getenv("COLUMNS");
  if (text == nullptr) return 0;
  std::size_t columns = 0;
  const char* const end = text + std::strlen(text);
  const auto [stop, rc] = std::from_chars(text, end, columns);
  if (rc != std::errc() || stop != end || columns < kLeast || columns > kMost) return 0;
  return columns;
}

// 0: what is written there goes to no terminal, and no line is broken.
std::size_t ColumnsOf(int descriptor) {
  const std::size_t columns = ColumnsOfEnvironment();
  if (columns > 0 || isatty(descriptor) != 1) return columns;
  winsize size{};
  const bool known = ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? size.ws_col : 80;
}

}  // namespace

int Complain(const Error& error) {
  const bool denied = error.code == ErrorCode::kDenied;
  const std::string line =
      "zkctl: " + Printable(error.message) +
      (denied ? "; only operators may: see --access in zkctl(1), and zkcluster-security(7)" : "");
  std::fputs(WrapText(line, 0, ColumnsOf(STDERR_FILENO)).c_str(), stderr);
  return ExitCodeOf(error.code);
}

int ComplainAboutFile(const Error& error) {
  // Each problem already begins with its file, as compilers do, so that editors can jump there.
  std::fputs((error.message + "\n").c_str(), stderr);
  return kBadFile;
}

bool Print(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0) {
    return true;
  }
  // A reader that closes the pipe early (`| head`) has seen enough, but a full disk
  // must be reported.
  if (errno != EPIPE) {
    std::fprintf(stderr, "zkctl: cannot write the answer: %s\n", std::strerror(errno));
  }
  return false;
}

bool ShowsStandardError() {
  return isatty(STDOUT_FILENO) == 1 && isatty(STDERR_FILENO) == 1;
}

bool UseColor() {
  const char* no_color = std::getenv("NO_COLOR");
  const char* terminal = std::getenv("TERM");
  return isatty(STDOUT_FILENO) == 1 && (!no_color || *no_color == '\0') && terminal &&
         std::strcmp(terminal, "dumb") != 0;
}

Terminal StandardOutput() {
  return {UseColor(), ColumnsOf(STDOUT_FILENO)};
}

int Emit(OutputForm form, const OrderedJson& json,
         const std::function<std::string(const Terminal& to)>& table) {
  bool printed = false;
  switch (form) {
    case OutputForm::kTable:
      printed = Print(table(StandardOutput()));
      break;
    case OutputForm::kJson:
      printed = Print(RenderJson(json));
      break;
    case OutputForm::kYaml:
      printed = Print(RenderYaml(json));
      break;
  }
  return printed ? kDone : kRefused;
}

Result<std::unique_ptr<Connection>> Connection::Open(const Globals& globals) {
  auto servers = zk::ParseServers(globals.zookeeper);
  if (!servers) return Fail(servers.error().Within("--zk"));
  auto identity = zk::LoadIdentity(globals.access, globals.restricted, globals.root);
  if (!identity) return Fail(identity.error());
  std::unique_ptr<Connection> connection(
      new Connection(globals, *std::move(servers), *std::move(identity)));
  const bool connected = connection->loop_.RunUntil(
      [&] { return connection->client_->state() == SessionState::kConnected; }, globals.timeout);
  if (!connected) return Fail(connection->NoAnswer());
  return connection;
}

Connection::Connection(const Globals& globals, std::vector<std::string> servers,
                       zk::Identity identity)
    : logger_(NullLogger()),
      servers_(globals.zookeeper),
      timeout_(globals.timeout),
      root_(globals.root) {
  zk::NativeClientOptions options;
  options.servers = std::move(servers);
  options.identity = std::move(identity);
  client_ = zk::NewNativeClient(loop_, *logger_, std::move(options));
  admin_.emplace(loop_, *client_, root_);
}

Connection::~Connection() {
  admin_.reset();
  // Without a session there is nothing to end, and a server that hangs must not delay the command.
  if (client_->state() != SessionState::kConnected) return;
  bool closed = false;
  client_->Close([&] { closed = true; });
  (void)loop_.RunUntil([&] { return closed; }, std::chrono::seconds(1));
  client_.reset();
}

Error Connection::NoAnswer() const {
  return Error{ErrorCode::kUnavailable,
               "no ZooKeeper answered at " + servers_ + " within " + FormatDuration(timeout_)};
}

}  // namespace zkcluster::zkctl
