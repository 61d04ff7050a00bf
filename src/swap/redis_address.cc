#include "swap/redis_address.h"

#include <charconv>
#include <cstdlib>
#include <optional>

namespace quire::swap {
namespace {

using base::Errno;
using base::Result;

/// A whole number from `least` to `most`, and nothing else.
std::optional<int> number_in(std::string_view digits, int least, int most) {
  int number = 0;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return number < least || number > most ? std::nullopt : std::optional(number);
}

std::optional<sync::String> percent_decoded(std::string_view text) {
  sync::String out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out.push_back(text[i]);
      continue;
    }
    unsigned byte = 0;
    const char* at = text.data() + i + 1;
    if (i + 2 >= text.size() || std::from_chars(at, at + 2, byte, 16).ptr != at + 2) return std::nullopt;
    out.push_back(static_cast<char>(byte));
    i += 2;
  }
  return out;
}

/// Takes `[[USER]:PASSWORD@]` off `text`.
bool take_credentials(std::string_view& text, RedisAddress& address) {
  auto at = text.find('@');
  if (at == std::string_view::npos) return true;
  std::string_view credentials = text.substr(0, at);
  auto colon = credentials.find(':');
  if (colon == std::string_view::npos) return false;
  auto user = percent_decoded(credentials.substr(0, colon));
  auto password = percent_decoded(credentials.substr(colon + 1));
  if (!user || !password) return false;
  address.user = *user;
  address.password = *password;
  text.remove_prefix(at + 1);
  return true;
}

/// Takes what follows `mark` off `text` as the database.
bool take_database(std::string_view& text, std::string_view mark, RedisAddress& address) {
  auto at = text.find(mark);
  if (at == std::string_view::npos) return true;
  auto database = number_in(text.substr(at + mark.size()), 0, 1 << 20);
  if (!database) return false;
  address.database = *database;
  text = text.substr(0, at);
  return true;
}

bool take_prefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

bool set_place(std::string_view text, RedisAddress& address) {
  if (text.starts_with('/')) {
    address.host = text;
    return true;
  }
  auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return false;
  std::string_view host = text.substr(0, colon);
  auto port = number_in(text.substr(colon + 1), 1, 65535);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (!port || host.empty() || host.find('/') != std::string_view::npos) return false;
  address.host = host;
  address.port = *port;
  return true;
}

}  // namespace

Result<RedisAddress> RedisAddress::parse(std::string_view text) {
  RedisAddress address;
  bool socket = take_prefix(text, "unix://");
  bool url = socket || take_prefix(text, "redis://");
  if (url && !take_credentials(text, address)) return Errno::einval;
  if (url && !take_database(text, socket ? "?db=" : "/", address)) return Errno::einval;
  if (url && socket != text.starts_with('/')) return Errno::einval;
  if (!set_place(text, address)) return Errno::einval;
  const char* password = std::getenv("QUIRE_REDIS_PASSWORD");
  if (address.password.empty() && password != nullptr) address.password = password;
  return address;
}

Result<sync::Vector<RedisAddress>> RedisAddress::parse_list(std::string_view text) {
  sync::Vector<RedisAddress> addresses;
  for (bool more = true; more;) {
    auto comma = text.find(',');
    auto address = parse(text.substr(0, comma));
    if (!address) return address.error();
    addresses.push_back(*address);
    more = comma != std::string_view::npos;
    if (more) text.remove_prefix(comma + 1);
  }
  return addresses;
}

}  // namespace quire::swap
