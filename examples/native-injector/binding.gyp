{
  "targets": [
    {
      "target_name": "ask",
      "sources": ["ask.cc"],
      "defines": ["NAPI_VERSION=8"]
    }
  ]
}
