// A TLS listener for tests of the prober, on a thread of its own. It does what the test wants with
// each connection, one after the other: what a real server does once in years.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

struct ssl_st;

namespace zkcluster::contract {

enum class TlsVersion { kAny = 0, k11 = 0x0302, k12 = 0x0303, k13 = 0x0304 };  // as on the wire

class TlsServer {
 public:
  // One connection, as the server sees it. Every call ends when the client or the server ends.
  class Conversation {
   public:
    Conversation(ssl_st* session, int fd, int stop);
    ~Conversation();
    Conversation(const Conversation&) = delete;
    Conversation& operator=(const Conversation&) = delete;

    bool Handshake();
    // What the client sent, some bytes of it; empty: it has gone.
    std::string Read();
    bool Write(std::string_view bytes);  // one record
    void WriteBeneath(std::string_view bytes) const;
    void SayGoodbye();               // close_notify
    bool AskForNewHandshake();       // TLS 1.2
    bool UpdateKeys();               // TLS 1.3; both sides'
    void AwaitBytes();               // of the client, and takes none
    void AwaitEnd();                 // of the connection; what comes until then is dropped
    void BeSlow() { slow_ = true; }  // from here on one byte is sent at a time

   private:
    template <class Step>
    bool Do(Step step);
    bool AwaitReadable() const;
    void Flush();

    ssl_st* const session_;
    const int fd_;
    const int stop_;
    bool slow_ = false;
  };
  using Manners = std::function<void(Conversation&)>;

  struct Options {
    std::string certificate;  // PEM, with what follows in its chain
    std::string key;
    TlsVersion newest_version = TlsVersion::kAny;
    TlsVersion oldest_version = TlsVersion::kAny;
  };

  TlsServer(const Options& options, Manners manners);
  ~TlsServer();  // ends the conversation that is under way
  TlsServer(const TlsServer&) = delete;
  TlsServer& operator=(const TlsServer&) = delete;

  [[nodiscard]] std::string addr() const;
  [[nodiscard]] int conversations() const;  // begun so far

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Answers every question with PONG, until the client goes.
void AnswerPings(TlsServer::Conversation& with);

}  // namespace zkcluster::contract
