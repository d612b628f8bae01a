// docs/openapi.json says of each route and each message what the binary does.
#include <google/protobuf/descriptor.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>

#include "mnemo/v1/service.pb.h"
#include "server/http/openapi.h"
#include "tests/server/http_door.h"

namespace mnemo {
namespace {

using Names = std::set<std::string>;

Json document() {
  const Result<Json> json = parse_json(openapi_json());
  MNEMO_CHECK(json.has_value());
  return *json;
}

Names members(const Json& object) {
  Names names;
  for (const auto& [name, value] : object.items()) names.insert(name);
  return names;
}

TEST(HttpOpenApi, IsServedAsItLiesInTheSources) {
  std::ifstream file(MNEMO_SOURCE_DIR "/docs/openapi.json");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  HttpDoor door;
  const HttpResponse response = door.send("GET", "/openapi.json");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.content_type, "application/json");
  EXPECT_EQ(response.body, text);
}

TEST(HttpOpenApi, HasEveryRouteAndNoOther) {
  Names routes;
  for (const HttpRoutes::Name& route : HttpRoutes::names()) {
    routes.insert(std::string(route.method) + " " + std::string(route.path));
  }
  Names described;
  const Json json = document();
  for (const auto& [path, operations] : json["paths"].items()) {
    for (const auto& [method, operation] : operations.items()) {
      std::string upper = method;
      std::transform(upper.begin(), upper.end(), upper.begin(), ::toupper);
      described.insert(upper + " " + path);
    }
  }
  EXPECT_EQ(routes, described);
}

TEST(HttpOpenApi, HasTheFieldsOfEachMessage) {
  size_t compared = 0;
  const Json json = document();
  for (const auto& [name, schema] : json["components"]["schemas"].items()) {
    const auto* const type =
        google::protobuf::DescriptorPool::generated_pool()->FindMessageTypeByName("mnemo.v1." + name);
    if (type == nullptr || !schema.contains("properties")) continue;
    Names fields;
    for (int i = 0; i < type->field_count(); ++i) fields.insert(type->field(i)->name());
    // The path has the one; a null says the other.
    if (name.ends_with("Request")) fields.erase("id");
    fields.erase("never_expires");
    EXPECT_EQ(members(schema["properties"]), fields) << name;
    ++compared;
  }
  EXPECT_GE(compared, 18U);
}

TEST(HttpOpenApi, EveryReferenceLeadsSomewhere) {
  const Json json = document();
  size_t followed = 0;
  const auto follow = [&](const auto& self, const Json& value) -> void {
    if (!value.is_structured()) return;
    for (const auto& [name, item] : value.items()) {
      if (name == "$ref") {
        EXPECT_TRUE(json.contains(Json::json_pointer(item.template get<std::string>().substr(1)))) << item;
        ++followed;
      }
      self(self, item);
    }
  };
  follow(follow, json);
  EXPECT_GT(followed, 50U);
}

}  // namespace
}  // namespace mnemo
