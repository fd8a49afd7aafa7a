// A virtual network: the app goes out through one subnet, storage and vault are reached in the other.
param name string
param location string
param tags object
param storageId string

@description('Empty where there is no vault.')
param vaultId string

var suffix = environment().suffixes.storage
var storageTargets = [
  { name: 'blob', id: storageId, group: 'blob', zone: 'privatelink.blob.${suffix}' }
  { name: 'queue', id: storageId, group: 'queue', zone: 'privatelink.queue.${suffix}' }
  { name: 'table', id: storageId, group: 'table', zone: 'privatelink.table.${suffix}' }
]
var vaultTargets = [{ name: 'vault', id: vaultId, group: 'vault', zone: 'privatelink.vaultcore.azure.net' }]
var targets = empty(vaultId) ? storageTargets : concat(storageTargets, vaultTargets)

resource network 'Microsoft.Network/virtualNetworks@2025-07-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    addressSpace: { addressPrefixes: ['10.20.0.0/16'] }
    subnets: [
      {
        name: 'app'
        properties: {
          addressPrefix: '10.20.0.0/24'
          delegations: [{ name: 'flex', properties: { serviceName: 'Microsoft.App/environments' } }]
        }
      }
      {
        name: 'endpoints'
        properties: { addressPrefix: '10.20.1.0/24', privateEndpointNetworkPolicies: 'Enabled' }
      }
    ]
  }
}

resource zone 'Microsoft.Network/privateDnsZones@2024-06-01' = [
  for target in targets: {
    name: target.zone
    location: 'global'
    tags: tags
  }
]

resource link 'Microsoft.Network/privateDnsZones/virtualNetworkLinks@2024-06-01' = [
  for (target, i) in targets: {
    parent: zone[i]
    name: target.name
    location: 'global'
    tags: tags
    properties: { registrationEnabled: false, virtualNetwork: { id: network.id } }
  }
]

resource endpoint 'Microsoft.Network/privateEndpoints@2025-07-01' = [
  for target in targets: {
    name: 'pe-${name}-${target.name}'
    location: location
    tags: tags
    properties: {
      subnet: { id: '${network.id}/subnets/endpoints' }
      privateLinkServiceConnections: [
        { name: target.name, properties: { privateLinkServiceId: target.id, groupIds: [target.group] } }
      ]
    }
  }
]

resource registration 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2025-07-01' = [
  for (target, i) in targets: {
    parent: endpoint[i]
    name: 'default'
    properties: {
      privateDnsZoneConfigs: [{ name: target.name, properties: { privateDnsZoneId: zone[i].id } }]
    }
  }
]

output appSubnetId string = '${network.id}/subnets/app'
